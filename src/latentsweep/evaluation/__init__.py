"""A recorded run, measured on its test split as the literature measures."""
