"""p(x|z) over the decoder's raw output: nats per image, summed over pixels."""
