"""Between the station and the Central System: passes frames on, and does to one of them what a mutant says.

It stands behind TLS, in the Central System's loop: so it has the station's own connection, certificate and suites
before it, and works with any station and every security profile. It knows nothing of scripts and expectations.
"""
