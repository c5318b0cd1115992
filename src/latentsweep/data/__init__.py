"""Data: sources and their checksums, in-memory image sets, splits and deterministic batches.

`describe` needs no torch, so that configuration errors are answered at once; import it, `splits`
and `batches` from their own modules.
"""
