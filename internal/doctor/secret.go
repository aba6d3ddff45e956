package doctor

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"fanfare/internal/escalate/notice"
	"fanfare/internal/secret"
)

// kept is a secret as it was found, read once for all checks that need it.
type kept struct {
	parameter string
	read      func() (secret.Value, *trouble)
}

// secret is the secret <prefix>/<owner>/<name>. It is read when the first check asks.
func (d *Doctor) secret(ctx context.Context, owner, name string) kept {
	k := kept{parameter: notice.Parameter(d.Account, owner, name)}
	k.read = shared(func() (secret.Value, *trouble) { return d.readSecret(ctx, k.parameter, owner, name) })
	return k
}

// check is the check of the secret itself.
func (k kept) check() check {
	return check{name: "secret " + k.parameter, look: func(context.Context) *trouble {
		_, found := k.read()
		return found
	}}
}

// use gives the secret to a check that needs it, as the senders use it: without the white
// space around it. The trouble is that there is none to use.
func (k kept) use() (string, *trouble) {
	value, _ := k.read()
	if usable := strings.TrimSpace(value.Reveal()); usable != "" {
		return usable, nil
	}
	return "", &trouble{
		problem: "not looked at, because the secret " + k.parameter + " cannot be used",
		mend:    "mend the secret first", follows: true,
	}
}

func (d *Doctor) readSecret(ctx context.Context, parameter, owner, name string) (secret.Value, *trouble) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	put := "put it there: " + notice.PutSecret(d.Account, owner, name)
	out, err := d.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(parameter), WithDecryption: aws.Bool(true)})
	var missing *types.ParameterNotFound
	switch {
	case errors.As(err, &missing):
		return secret.Value{}, &trouble{problem: "it does not exist", mend: put}
	case err != nil:
		return secret.Value{}, unseen("it", err)
	case out.Parameter == nil || strings.TrimSpace(aws.ToString(out.Parameter.Value)) == "":
		return secret.Value{}, &trouble{problem: "it is empty", mend: put}
	}
	value := aws.ToString(out.Parameter.Value)
	switch {
	case out.Parameter.Type != types.ParameterTypeSecureString:
		return secret.New(value), &trouble{
			problem: "it is no SecureString: whoever may read parameters reads it as it is",
			mend:    "delete it (aws ssm delete-parameter --region " + d.Account.Region + " --name " + parameter + "), change the secret itself where it was made, and " + put,
		}
	case strings.ContainsFunc(value, unprintable):
		return secret.New(value), &trouble{
			problem: "it has white space, or characters that do not belong in a secret, as copying leaves behind",
			mend:    put,
		}
	}
	return secret.New(value), nil
}

// unprintable tells of what no token, key or address has.
func unprintable(r rune) bool { return r <= ' ' || r > '~' }
