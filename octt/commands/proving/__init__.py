"""Commands beside a run: proof that its checks fail, hostile input, old records and logs of others."""
