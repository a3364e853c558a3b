package accounts

import (
	"strings"

	"fettle/accounts/store"
)

// ResourceNode is a resource in its place in the tree, flattened: a list of nodes is printed from top to bottom.
type ResourceNode struct {
	store.Resource
	Depth   int
	Heading string // the group a top resource is in, where that group is no resource itself
}

// ResourceTree puts resources below their parents, in the order they have. A parent that is not among them is a
// heading. Resources that are their own ancestors, as a provider's mistake, stand at the top.
func ResourceTree(items []store.Resource) []ResourceNode {
	byID := make(map[string]bool, len(items))
	for _, r := range items {
		byID[r.ID] = true
	}
	children := make(map[string][]store.Resource, len(items))
	var tops []store.Resource
	for _, r := range items {
		if r.Parent != "" && byID[r.Parent] && r.Parent != r.ID {
			children[r.Parent] = append(children[r.Parent], r)
		} else {
			tops = append(tops, r)
		}
	}
	t := treeWalk{children: children, placed: make(map[string]bool, len(items)), nodes: make([]ResourceNode, 0, len(items))}
	for _, r := range tops {
		t.place(r, r.Parent)
	}
	for _, r := range items { // only circles are left
		t.place(r, "")
	}
	return t.nodes
}

type treeWalk struct {
	children map[string][]store.Resource
	placed   map[string]bool
	nodes    []ResourceNode
}

// place adds a resource and everything below it. It keeps its own stack: a provider may nest as deep as it likes.
func (t *treeWalk) place(top store.Resource, heading string) {
	stack := []ResourceNode{{Resource: top, Heading: heading}}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		// Seen before: a provider that lists one thing under two parents, or a circle.
		if t.placed[n.ID] {
			continue
		}
		t.placed[n.ID] = true
		t.nodes = append(t.nodes, n)
		below := t.children[n.ID]
		// Backwards, because the last one pushed is the first one taken.
		for i := len(below) - 1; i >= 0; i-- {
			stack = append(stack, ResourceNode{Resource: below[i], Depth: n.Depth + 1})
		}
	}
}

// MatchResources keeps the resources whose name or ID holds text, in any capitals, and what they lie in.
func MatchResources(items []store.Resource, text string) []store.Resource {
	text = strings.ToLower(text)
	byID := make(map[string]store.Resource, len(items))
	for _, r := range items {
		byID[r.ID] = r
	}
	wanted := map[string]bool{}
	for _, r := range items {
		if !strings.Contains(strings.ToLower(r.Name), text) && !strings.Contains(strings.ToLower(r.ID), text) {
			continue
		}
		// Up to the top, or to what an earlier match has marked already: each is marked once, and a circle ends too.
		for known := true; known && !wanted[r.ID]; r, known = byID[r.Parent] {
			wanted[r.ID] = true
		}
	}
	kept := []store.Resource{}
	for _, r := range items {
		if wanted[r.ID] {
			kept = append(kept, r)
		}
	}
	return kept
}
