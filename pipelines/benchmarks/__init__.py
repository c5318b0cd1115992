"""What `make benchmark` measures, a file a part; `pipelines/benchmark.py` runs them."""
