package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// What a command prints goes through the methods of env, which know whether it is for people or for programs. The streams
// themselves are touched by no other function than these.
func TestStreamsAreReachedThroughEnv(t *testing.T) {
	may := map[string]string{
		"env.go":      "the methods",
		"progress.go": "the bar moves the cursor, and shows nothing but numbers",
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if may[name] != "" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		replaced := map[ast.Expr]bool{} // streams of an env that are given to another
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				f, ok := n.Fun.(*ast.Ident)
				return !ok || f.Name != "isTerminal"
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					replaced[e] = true
				}
			case *ast.SelectorExpr:
				switch n.Sel.Name {
				case "stdout", "stderr", "Stdout", "Stderr", "OutOrStdout", "ErrOrStderr", "OutOrStderr":
					if !replaced[n] {
						t.Errorf("%s: %s: use text, data or talk of env", set.Position(n.Pos()), n.Sel.Name)
					}
				}
			}
			return true
		})
	}
}
