"""What happened and the state that follows from it; expectations, and how they are judged by it.

May import `ocpp` and `record`.
"""
