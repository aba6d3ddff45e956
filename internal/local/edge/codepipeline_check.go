package edge

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// checks gathers what is wrong with a call's input, as AWS words it: all at once, before
// anything is looked up. The limits are those of CodePipeline's API reference.
type checks []string

var pipelineName = regexp.MustCompile(`^[A-Za-z0-9.@\-_]+$`)

// err is the ValidationException that names everything; nil when nothing is wrong.
func (c checks) err() error {
	if len(c) == 0 {
		return nil
	}
	noun := "error"
	if len(c) > 1 {
		noun = "errors"
	}
	return apiError{"ValidationException", fmt.Sprintf("%d validation %s detected: %s", len(c), noun, strings.Join(c, "; "))}
}

func (c *checks) refuse(value, at, constraint string) {
	if value != null {
		value = "'" + value + "'"
	}
	*c = append(*c, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, at, constraint))
}

// null is how AWS writes a value that is not there.
const null = "null"

func (c *checks) pipelineName(at string, name *string) {
	switch {
	case name == nil:
		c.refuse(null, at, "not be null")
	case *name == "":
		c.refuse("", at, "have length greater than or equal to 1")
	case len(*name) > 100:
		c.refuse(*name, at, "have length less than or equal to 100")
	case !pipelineName.MatchString(*name):
		c.refuse(*name, at, `satisfy regular expression pattern: [A-Za-z0-9.@\-_]+`)
	}
}

func (c *checks) executionID(at string, id *string, required bool) {
	switch {
	case id == nil && required:
		c.refuse(null, at, "not be null")
	case id != nil && !executionID.MatchString(*id):
		c.refuse(*id, at, "satisfy regular expression pattern: "+strings.Trim(executionID.String(), "^$"))
	}
}

func (c *checks) oneOf(at string, value *string, allowed ...string) {
	if value == nil {
		c.refuse(null, at, "not be null")
		return
	}
	for _, a := range allowed {
		if *value == a {
			return
		}
	}
	c.refuse(*value, at, "satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
}

func (c *checks) page(in pipelineInput) {
	switch n := in.MaxResults; {
	case n == nil:
	case *n < 1:
		c.refuse(strconv.Itoa(*n), "maxResults", "have value greater than or equal to 1")
	case *n > 100:
		c.refuse(strconv.Itoa(*n), "maxResults", "have value less than or equal to 100")
	}
	if in.NextToken != nil && (*in.NextToken == "" || len(*in.NextToken) > 2048) {
		c.refuse(*in.NextToken, "nextToken", "have length between 1 and 2048")
	}
}
