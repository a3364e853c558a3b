package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// keeper opens connections that keep their prepared statements: parsing and planning the same few dozen texts
// again and again is most of what a small transaction would cost. A *sql.Stmt cannot do it for us, because it wants
// a second connection to be prepared on, and the writer has only one.
type keeper struct{ driver.Connector }

// Connect implements driver.Connector.
func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(plainConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the database driver's %T cannot keep statements", c), c.Close())
	}
	return &keepingConn{plainConn: inner, idle: map[string]plainStmt{}}, nil
}

// plainConn is what database/sql uses of a connection, apart from queries.
type plainConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.SessionResetter
	driver.Validator
}

// plainStmt is a prepared statement of the driver.
type plainStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keepingConn runs queries by statements that it keeps. database/sql lets one goroutine in at a time.
type keepingConn struct {
	plainConn
	idle map[string]plainStmt // by text
}

var (
	_ driver.ExecerContext  = (*keepingConn)(nil)
	_ driver.QueryerContext = (*keepingConn)(nil)
)

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	stmt, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(ctx, args)
	return result, errors.Join(err, c.giveBack(query, stmt))
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.giveBack(query, stmt))
	}
	return &keptRows{Rows: rows, giveBack: func() error { return c.giveBack(query, stmt) }}, nil
}

// take returns a statement that nobody uses: while rows of the same query are still being read, another one.
func (c *keepingConn) take(ctx context.Context, query string) (plainStmt, error) {
	if stmt, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return stmt, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt, ok := prepared.(plainStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the database driver's %T cannot be kept", prepared), prepared.Close())
	}
	return stmt, nil
}

// giveBack keeps a statement for the next use of its query; one is enough.
func (c *keepingConn) giveBack(query string, stmt plainStmt) error {
	if _, ok := c.idle[query]; ok {
		return stmt.Close()
	}
	c.idle[query] = stmt
	return nil
}

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	var err error
	for _, stmt := range c.idle {
		err = errors.Join(err, stmt.Close())
	}
	return errors.Join(err, c.plainConn.Close())
}

// keptRows gives its statement back when it has been read.
type keptRows struct {
	driver.Rows
	giveBack func() error
}

// Close implements driver.Rows.
func (r *keptRows) Close() error { return errors.Join(r.Rows.Close(), r.giveBack()) }
