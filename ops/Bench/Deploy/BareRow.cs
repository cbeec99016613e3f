namespace DeployHub.Bench.Deploy;

/// <summary>A row about as wide as a plan's.</summary>
internal static class BareRow
{
    public const string Create =
        """
        CREATE TABLE plans (
          id text PRIMARY KEY, environment_id text NOT NULL, image_id text NOT NULL, image_name text NOT NULL, image_tag text, image_digest text,
          auto_rollback boolean NOT NULL, max_parallel integer NOT NULL, status text NOT NULL, triggered_by text NOT NULL, created_at text NOT NULL)
        """;

    public const string Insert =
        "INSERT INTO plans VALUES (@id, @environment, @image, @name, @tag, @digest, @rollback, @parallel, @status, @by, @at)";

    public static IEnumerable<(string Name, object Value)> Values() =>
    [
        ("id", Guid.CreateVersion7().ToString()), ("environment", Guid.NewGuid().ToString()), ("image", Guid.NewGuid().ToString()),
        ("name", "registry.example.com/shop/api"), ("tag", "v1"), ("digest", $"sha256:{Guid.NewGuid():n}{Guid.NewGuid():n}"),
        ("rollback", true), ("parallel", 1), ("status", "pending"), ("by", "bench"), ("at", DateTime.UtcNow.ToString("O")),
    ];
}
