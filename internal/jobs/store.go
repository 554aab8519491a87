package jobs

import "sotto.chat/internal/database"

// takeBack frees the promises that were in hand when this worker, by its name, died last time. Should a namesake be alive, its
// work is done twice, which every listener bears.
func takeBack(tx database.Tx, engine, worker string) error {
	sql := "update river_job set state = 'available' where state = 'running' and kind = ?"
	args := []any{promise{}.Kind()}
	if engine == database.Postgres { // SQLite has one process
		sql += " and attempted_by[array_upper(attempted_by, 1)] = ?"
		args = append(args, worker)
	}
	return tx.DB().Exec(sql, args...).Error
}
