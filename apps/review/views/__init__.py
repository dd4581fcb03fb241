"""Pages of review that belong to the study, by noun."""
