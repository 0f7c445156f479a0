package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"daybook/internal/printable"
)

// await calls do and returns its error, or that of ctx when it ends first. A call that is under way then cannot be ended: it
// is left behind, and what it uses must not be touched again until the process ends.
func await(ctx context.Context, do func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-done:
		return err
	}
}

// openInput opens a file for reading until ctx ends: a pipe opens when it has a writer.
func openInput(ctx context.Context, name string) (*os.File, error) {
	var f *os.File
	err := await(ctx, func() (err error) {
		f, err = os.Open(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// waitReader reads from r until ctx ends. After that nobody may use its buffers any more (see await).
type waitReader struct {
	ctx context.Context
	r   io.Reader
}

func (w waitReader) Read(p []byte) (n int, err error) {
	read := 0
	if err = await(w.ctx, func() (err error) {
		read, err = w.r.Read(p)
		return err
	}); w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return read, err
}

// otherInput is the error of an input that is no JSON Lines in UTF-8, but can be made so.
type otherInput struct {
	what    string
	command string // makes JSON Lines of FILE
	remedy  string // the hint where no one command will do
}

func (o *otherInput) Error() string { return "the input is " + o.what }

// hint names the command by which daybook reads the input.
func (o *otherInput) hint(file, command string) string {
	if o.remedy != "" {
		return o.remedy
	}
	if file == "" {
		file = "FILE"
	}
	return fmt.Sprintf("make JSON Lines of it: `%s | daybook %s`", strings.ReplaceAll(o.command, "FILE", printable.Path(file)), command)
}

// errUTF16 is what an input in UTF-16 ends with at once. Windows PowerShell writes such files.
var errUTF16 = &otherInput{
	what: "UTF-16, not UTF-8",
	remedy: "convert it: `Get-Content FILE | Set-Content -Encoding utf8 NEW` in PowerShell, `iconv -f UTF-16 -t UTF-8` " +
		"elsewhere",
}

// otherThanText returns what an input that begins with b is instead of text in UTF-8, nil if it is none of what is known.
func otherThanText(b []byte) *otherInput {
	for _, known := range []struct {
		begins string
		otherInput
	}{
		{"\x1f\x8b", otherInput{what: "compressed by gzip", command: "zcat FILE"}},
		{"\x28\xb5\x2f\xfd", otherInput{what: "compressed by zstd", command: "zstd -dc FILE"}},
		{"\xfd7zXZ\x00", otherInput{what: "compressed by xz", command: "xz -dc FILE"}},
		{"BZh", otherInput{what: "compressed by bzip2", command: "bzip2 -dc FILE"}},
		{"PK\x03\x04", otherInput{what: "a ZIP archive", command: "unzip -p FILE"}},
	} {
		if bytes.HasPrefix(b, []byte(known.begins)) {
			return &known.otherInput
		}
	}
	if isUTF16(b) {
		return errUTF16
	}
	return nil
}

// notLines returns what an input whose first line is text is instead of JSON Lines: another form of JSON, or nil.
func notLines(text []byte) error {
	text = bytes.TrimSpace(text)
	inner, array := bytes.CutPrefix(text, []byte("["))
	inner = bytes.TrimSpace(inner)
	switch {
	case array && (len(inner) == 0 || inner[0] == '{'):
		return &otherInput{what: "one JSON array, not an object on each line", command: "jq -c '.[]' FILE"}
	case string(text) == "{":
		return &otherInput{what: "JSON in many lines, not an object on each", command: "jq -c . FILE"}
	}
	return nil
}

// isUTF16 reports whether an input that begins with b is UTF-16: by its byte order mark, or by its first two characters,
// of which the first is "{". Bytes that may be UTF-8, or NULs of a torn line, are not taken for it.
func isUTF16(b []byte) bool {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return true
	}
	if len(b) < 4 {
		return false
	}
	second, ok := b[2], b[0] == '{' && b[1] == 0 && b[3] == 0
	if !ok {
		second, ok = b[3], b[0] == 0 && b[1] == '{' && b[2] == 0
	}
	return ok && second != 0 && second != '\n'
}
