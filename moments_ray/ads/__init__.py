"""Ads as a product: a product's name in, a film of half a minute out, with its words, voice, pictures and receipt."""
