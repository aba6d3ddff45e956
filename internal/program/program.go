// Package program says how the workflow's programs are compiled, once for whoever
// compiles them: the CDK app, and the local world, which does so ahead of it.
package program

import "path/filepath"

// Dir is where the programs for the system and architecture lie, below the project's
// folder.
func Dir(system, arch string) string {
	return filepath.Join("build", "programs", system+"-"+arch)
}

// Build is what the go command is given, and what its environment has besides, to
// compile every program. The same source gives the same bytes on every machine.
func Build(system, arch string) (args, env []string) {
	args = []string{"build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
		"-o", Dir(system, arch) + string(filepath.Separator), "./lambdas/..."}
	return args, []string{"CGO_ENABLED=0", "GOOS=" + system, "GOARCH=" + arch}
}
