"""Words, sentences and the recognisers they come from."""
