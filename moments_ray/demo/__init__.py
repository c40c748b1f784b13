"""The talk that `moments demo` makes for itself: a text of our own, a synthesised voice, slides."""
