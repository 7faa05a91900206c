-- The four roles of Xinqiao with least rights, and its database. Run by an administrator, again at will:
--   psql -v database=xinqiao -v owner_password=… -v app_password=… -v seal_password=… -v backup_password=… -f roles.sql
-- deploy/database/roles does that, with passwords of its own making.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET password_encryption = 'scram-sha-256';

SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['xinqiao_owner', 'xinqiao_app', 'xinqiao_seal', 'xinqiao_backup']) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

-- owner: lays out tables; no process that serves pages knows its password.
ALTER ROLE xinqiao_owner LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
-- app: the web process; sees what its policies allow, owns nothing.
ALTER ROLE xinqiao_app LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';
-- seal: worker and stream; policies let it see sealed rows, and nothing goes round them.
ALTER ROLE xinqiao_seal LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'seal_password';
-- backup: reads everything, writes nothing, reads the log.
ALTER ROLE xinqiao_backup LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE REPLICATION BYPASSRLS PASSWORD :'backup_password';
GRANT pg_read_all_data TO xinqiao_backup WITH INHERIT TRUE;

-- Nobody may become another of the four.
SELECT format('REVOKE %I FROM %I', granted.rolname, member.rolname)
FROM pg_auth_members JOIN pg_roles granted ON granted.oid = roleid JOIN pg_roles member ON member.oid = pg_auth_members.member
WHERE granted.rolname IN ('xinqiao_owner', 'xinqiao_app', 'xinqiao_seal', 'xinqiao_backup')
  AND member.rolname IN ('xinqiao_owner', 'xinqiao_app', 'xinqiao_seal', 'xinqiao_backup') \gexec

SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8'' OWNER xinqiao_owner', :'database')
WHERE :'database' NOT IN (SELECT datname FROM pg_database) \gexec
\connect :database
SET client_min_messages = warning;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO xinqiao_app, xinqiao_seal, xinqiao_backup;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER SCHEMA public OWNER TO xinqiao_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO xinqiao_app, xinqiao_seal, xinqiao_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE xinqiao_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO xinqiao_app, xinqiao_seal;
ALTER DEFAULT PRIVILEGES FOR ROLE xinqiao_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO xinqiao_app, xinqiao_seal;
ALTER DEFAULT PRIVILEGES FOR ROLE xinqiao_owner IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO xinqiao_app, xinqiao_seal;
