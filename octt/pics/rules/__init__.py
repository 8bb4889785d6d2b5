"""How each answer of a declaration is held against the record, a file for each part of the questionnaire."""
