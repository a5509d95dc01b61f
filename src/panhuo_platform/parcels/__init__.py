"""The register: parcels, their versions and lineage, legacy land, issues, snapshots."""
