"""OCPP-J 1.6 with no I/O: frames, payload schemas, standard configuration keys."""
