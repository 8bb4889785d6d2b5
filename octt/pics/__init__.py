"""The questionnaire, a vendor's declaration, its checks against what was observed.

May import `measure`, `ocpp` and `record`.
"""
