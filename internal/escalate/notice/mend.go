package notice

import (
	"fmt"

	"fanfare/internal/account"
)

// DeliveryQueue is the name of the queue in which messages wait that a channel did not take.
const DeliveryQueue = "fanfare-deliveries-dlq"

// PutSecret is the command that puts the secret <prefix>/<owner>/<name> in its place.
func PutSecret(a account.Account, owner, name string) string {
	key := ""
	if a.Secrets.KeyARN != "" {
		key = " --key-id " + a.Secrets.KeyARN
	}
	return fmt.Sprintf("aws ssm put-parameter --overwrite --type SecureString --region %s --name %s%s --value …", a.Region, Parameter(a, owner, name), key)
}

// Parameter is the name of the secret's parameter.
func Parameter(a account.Account, owner, name string) string {
	return a.Secrets.Prefix + "/" + owner + "/" + name
}

// Make is the command that has the target done for an account; what the account's file is
// called, the functions do not know.
func Make(target string) string { return "make " + target + " ACCOUNT=…" }
