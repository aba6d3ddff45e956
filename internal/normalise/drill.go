package normalise

import (
	"encoding/json"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

// fromDrill makes a deployment of an exercise: an event of ECS or CodePipeline in all
// but its source, and with a page in its detail when people are really to be woken.
func fromDrill(e envelope, a account.Account) (d deployment.Deployment, err error) {
	switch e.DetailType {
	case ecsDetailType:
		d, err = fromECS(e, a)
	case codePipelineDetailType:
		d, err = fromCodePipeline(e, a)
	default:
		err = expected("detail-type", ecsDetailType+" or "+codePipelineDetailType, e.DetailType)
	}
	if err != nil {
		return deployment.Deployment{}, err
	}
	d.Drill = &deployment.Drill{Page: wakes(e.Detail)}
	return d, nil
}

// wakes tells whether the detail says page: true. Nobody is woken by a guess, so neither
// the text "true" counts nor 1, nor a field whose name is in capitals, which
// encoding/json would take for a struct's field.
func wakes(detail json.RawMessage) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(detail, &fields) == nil && string(fields["page"]) == "true"
}
