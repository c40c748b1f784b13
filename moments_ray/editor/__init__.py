"""The editor as a product: a video in, a timeline edited, a film rendered."""
