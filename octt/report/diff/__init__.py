"""Two runs side by side: what changed, and how it is shown in a terminal. May import `json_out`, `model` and `text`."""
