"""Models from the Hugging Face hub: what a download is made of, the download itself, and what can go wrong with it."""
