"""The plots of a report: a sweep at one moment in, a plotly figure out."""
