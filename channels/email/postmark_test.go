package email_test

const pathSecret = "path-secret-4d1f"
