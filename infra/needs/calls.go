package needs

import (
	"errors"
	"fmt"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// prefixes are what the actions of a service begin with in policies, by the service's
// package in the SDK:
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var prefixes = map[string]string{
	"codepipeline": "codepipeline", "dynamodb": "dynamodb", "ecs": "ecs", "scheduler": "scheduler", "sfn": "states", "sns": "sns", "sqs": "sqs", "ssm": "ssm",
}

// compound are operations that need the actions of what is in them, not one of their own
// name: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
var compound = map[string]bool{
	"dynamodb:TransactWriteItems": true, "dynamodb:TransactGetItems": true, "dynamodb:ExecuteStatement": true,
	"dynamodb:BatchExecuteStatement": true, "dynamodb:ExecuteTransaction": true,
}

var (
	errHelper   = errors.New("a helper of the SDK that makes calls of its own: call the client, or teach package needs")
	errService  = errors.New("a service that package needs does not know the actions of")
	errCompound = errors.New("an operation that needs other actions than that of its name: teach package needs")
)

// callOf tells whether the call is one on AWS, and which.
func callOf(from, to *ssa.Function) (Call, bool, error) {
	name := packageOf(to)
	if strings.HasPrefix(name, "github.com/aws/aws-sdk-go-v2/feature/") {
		return Call{}, false, errHelper
	}
	service, ok := strings.CutPrefix(name, services)
	if !ok || strings.Contains(service, "/") { // its types make no calls
		return Call{}, false, nil
	}
	// A method value is a function of its own, whose object is the method.
	method, ok := to.Object().(*types.Func)
	switch {
	case !ok:
		return Call{}, false, nil
	case makesHelper(method.Name()):
		return Call{}, false, errHelper
	case !isOperation(method): // a constructor, an option, an error's text
		return Call{}, false, nil
	}
	prefix, ok := prefixes[service]
	if !ok {
		return Call{}, false, fmt.Errorf("%s: %w", service, errService)
	}
	call := Call{Action: prefix + ":" + method.Name(), From: strings.TrimPrefix(packageOf(from), module+"/internal/")}
	if compound[call.Action] {
		return Call{}, false, errCompound
	}
	call.Decrypts = sets(from, "WithDecryption")
	return call, true, nil
}

func packageOf(f *ssa.Function) string {
	if f.Pkg != nil {
		return f.Pkg.Pkg.Path()
	}
	if object := f.Object(); object != nil && object.Pkg() != nil {
		return object.Pkg().Path()
	}
	return ""
}

func makesHelper(name string) bool {
	return strings.HasSuffix(name, "Paginator") || strings.HasSuffix(name, "Waiter") || strings.HasSuffix(name, "PresignClient")
}

// isOperation tells an operation of a client by its shape: Xxx(ctx, *XxxInput, …Options).
func isOperation(f *types.Func) bool {
	parameters := f.Signature().Params()
	if f.Signature().Recv() == nil || parameters.Len() != 3 {
		return false
	}
	pointer, ok := parameters.At(1).Type().(*types.Pointer)
	if !ok {
		return false
	}
	input, ok := pointer.Elem().(*types.Named)
	return ok && input.Obj().Name() == f.Name()+"Input"
}

// sets tells whether the function writes a field of this name.
func sets(f *ssa.Function, field string) bool {
	for _, block := range f.Blocks {
		for _, instruction := range block.Instrs {
			address, ok := instruction.(*ssa.FieldAddr)
			if !ok {
				continue
			}
			structure := address.X.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct)
			if structure.Field(address.Field).Name() == field {
				return true
			}
		}
	}
	return false
}
