"""What the literature says, held against what this project's own code gives."""
