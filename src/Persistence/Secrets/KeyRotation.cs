using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Registries;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Secrets;

/// <summary>
/// Encrypts with the present master key what is still encrypted with a former one. Hosts may go on working meanwhile: a value that changes
/// under it is left to whoever changed it, who has the present key. To be repeated after a crash, or at will.
/// </summary>
public sealed class KeyRotation(DeployHubDb db, SecretBox box)
{
    private const string Id = "Id";
    private const int RowsAtOnce = 100;
    private int _values;
    private int _changed;

    /// <summary>How many values there are, and how many of them were encrypted anew.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A value is of a key that this host does not have; those before it are done.</exception>
    public async Task<(int Values, int Changed)> Run(CancellationToken ct)
    {
        (_values, _changed) = (0, 0);
        await Reseal(db.Registries, nameof(Registry.Password), ct);
        await Reseal(db.EnvironmentValues, nameof(EnvironmentValue.Sealed), ct);
        await Reseal(db.Steps, nameof(DeploymentStep.FromInspection), ct);
        await Reseal(db.SyncTargets, nameof(SyncTarget.Content), ct);
        await Reseal(db.SyncTargets, nameof(SyncTarget.Snapshot), ct);
        return (_values, _changed);
    }

    private async Task Reseal<T>(DbSet<T> rows, string column, CancellationToken ct) where T : class
    {
        var ids = await rows.Where(x => EF.Property<byte[]?>(x, column) != null).Select(x => EF.Property<Guid>(x, Id)).ToListAsync(ct);
        _values += ids.Count;
        foreach (var some in ids.Chunk(RowsAtOnce))
        {
            var values = await rows.Where(x => some.Contains(EF.Property<Guid>(x, Id)))
                .Select(x => new { Id = EF.Property<Guid>(x, Id), Before = EF.Property<byte[]?>(x, column) }).ToListAsync(ct);
            foreach (var value in values)
            {
                if (value.Before is { } before && box.Reseal(before) is { } after)
                {
                    _changed += await db.InOneStatement(
                        () => rows.Where(x => EF.Property<Guid>(x, Id) == value.Id && EF.Property<byte[]?>(x, column) == before)
                            .ExecuteUpdateAsync(set => set.SetProperty(x => EF.Property<byte[]?>(x, column), after), ct),
                        ct);
                }
            }
        }
    }
}
