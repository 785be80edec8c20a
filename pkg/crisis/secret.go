package crisis

import "github.com/onyo-project/onyo/pkg/vault"

// Secret is personal data as text: it prints as [sealed], and lies sealed in the
// database. Stages that write it need nothing else of the vault.
type Secret = vault.Secret
