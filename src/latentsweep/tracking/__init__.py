"""The record of a run: a journal on local disk, and the process that ships it to MLflow."""
