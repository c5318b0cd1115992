"""What a sweep found: the page, the note, the terminal's table. All read the study, none writes."""
