"""The stages of the product's pipelines, one file each."""
