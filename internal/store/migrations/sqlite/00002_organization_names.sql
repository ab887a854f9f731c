-- +goose Up
-- Organizations are found by name: nodes that start together on an empty
-- database must agree on one.
CREATE UNIQUE INDEX organizations_name ON organizations (name);
