package edge

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
)

const updateService = "ecs:UpdateService"

// overlays are the answers that the edge changes, by operation.
var overlays = map[string]func(*Edge, map[string]json.RawMessage) error{
	"ecs:DescribeServices": func(e *Edge, answer map[string]json.RawMessage) error {
		return changeEach(answer, "services", e.layOverService)
	},
	updateService: func(e *Edge, answer map[string]json.RawMessage) error {
		return changeOne(answer, "service", e.layOverService)
	},
	"ecs:CreateService": func(e *Edge, answer map[string]json.RawMessage) error {
		return changeOne(answer, "service", e.layOverService)
	},
	"ecs:DescribeTasks": func(_ *Edge, answer map[string]json.RawMessage) error {
		return changeEach(answer, "tasks", func(task map[string]json.RawMessage) error {
			return changeEach(task, "containers", addDigest)
		})
	},
}

// layOverService shows the service's deployments as its rollout has them. What the
// rollout does not know of them, such as their network, comes from the engine's one.
func (e *Edge) layOverService(service map[string]json.RawMessage) error {
	var arn string
	var deployments []map[string]json.RawMessage
	if json.Unmarshal(service["serviceArn"], &arn) != nil || json.Unmarshal(service["deployments"], &deployments) != nil || len(deployments) == 0 {
		return nil
	}
	var id string
	if err := json.Unmarshal(deployments[0]["id"], &id); err != nil {
		return fmt.Errorf("deployments[0].id of %s: %w", arn, err)
	}
	r, ok := e.rollout(arn, id)
	if !ok {
		return changeEach(service, "deployments", renameDeployment)
	}
	shown := make([]map[string]json.RawMessage, 0, len(r.Deployments))
	for _, d := range r.Deployments {
		entry := maps.Clone(deployments[0])
		if err := merge(entry, d); err != nil {
			return err
		}
		// A service may be scaled when no rollout is under way: the engine knows.
		if len(r.Deployments) == 1 {
			for _, count := range []string{"desiredCount", "pendingCount", "runningCount"} {
				entry[count] = deployments[0][count]
			}
		}
		shown = append(shown, entry)
	}
	return set(service, "deployments", shown)
}

// renameDeployment gives a deployment that the edge did not roll out the id that it
// will have beside one that it did.
func renameDeployment(deployment map[string]json.RawMessage) error {
	var id string
	if json.Unmarshal(deployment["id"], &id) != nil {
		return nil
	}
	return set(deployment, "id", deploymentID(id))
}

var digestOf = regexp.MustCompile(`@(sha256:[0-9a-f]{64})$`)

// addDigest gives a container the digest of its image: the one that the reference
// pins, or else one that is always the same for the reference.
func addDigest(container map[string]json.RawMessage) error {
	var image string
	if _, known := container["imageDigest"]; known || json.Unmarshal(container["image"], &image) != nil || image == "" {
		return nil
	}
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(image)))
	if pinned := digestOf.FindStringSubmatch(image); pinned != nil {
		digest = pinned[1]
	}
	return set(container, "imageDigest", digest)
}

// changeEach changes every object of a list in place. A list that is not there, or is
// none, stays as it is.
func changeEach(in map[string]json.RawMessage, key string, change func(map[string]json.RawMessage) error) error {
	var list []map[string]json.RawMessage
	if json.Unmarshal(in[key], &list) != nil || list == nil {
		return nil
	}
	for _, item := range list {
		if item == nil {
			continue
		}
		if err := change(item); err != nil {
			return err
		}
	}
	return set(in, key, list)
}

// changeOne changes one object in place.
func changeOne(in map[string]json.RawMessage, key string, change func(map[string]json.RawMessage) error) error {
	var item map[string]json.RawMessage
	if json.Unmarshal(in[key], &item) != nil || item == nil {
		return nil
	}
	if err := change(item); err != nil {
		return err
	}
	return set(in, key, item)
}

// merge writes the fields of v over those of the object.
func merge(into map[string]json.RawMessage, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing %T: %w", v, err)
	}
	return json.Unmarshal(b, &into)
}

func set(in map[string]json.RawMessage, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	in[key] = b
	return nil
}
