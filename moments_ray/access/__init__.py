"""Who may use the API: keys, what they allow, and how they are recognised."""
