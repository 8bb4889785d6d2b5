"""Stories drawn from the official schemas: what is legal at its edges, and what is one step beside it."""
