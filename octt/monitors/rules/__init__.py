"""One module for each matter that the specification regulates; its rules say what they ask and where that stands."""
