"""The questionnaire, a vendor's declaration, its checks against what was observed."""
