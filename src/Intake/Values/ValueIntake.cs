using System.ComponentModel;
using System.Text;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Values;

public record NewValue
{
    [Description("A letter or _, then letters, digits or _: at most 128. Unique in the environment over variables and secrets.")]
    public required string Name { get; init; }

    [Description("What ${NAME} is replaced by: at most 64 KiB.")]
    public required string Value { get; init; }
}

public record ValueChange
{
    [Description("What ${NAME} is replaced by: at most 64 KiB.")]
    public string Value { get; init; } = "";
}

/// <summary>Creates, changes and deletes the variables and secrets of an environment. Batches that were accepted before keep what they rendered.</summary>
public sealed class ValueIntake(DeployHubDb db, SecretBox box)
{
    private const int LargestBytes = 64 * 1024;

    public Task<Result<EnvironmentValue>> Create(Guid environmentId, NewValue request, bool secret, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create {Word(secret)} {environmentId}", secret ? request with { Value = box.Fingerprint(request.Value) } : request,
        by => Make(environmentId, request, secret, by, ct), ct);

    private async Task<Result<EnvironmentValue>> Make(Guid environmentId, NewValue request, bool secret, Caller caller, CancellationToken ct)
    {
        if ((CheckName(request.Name) ?? CheckValue(request.Value, secret)) is { } invalid)
        {
            return invalid;
        }

        if (!await db.Environments.AnyAsync(x => x.Id == environmentId, ct))
        {
            return Refusal.NotFound("environment", environmentId);
        }

        var now = DateTime.UtcNow;
        var made = new EnvironmentValue
        {
            Id = Guid.CreateVersion7(), EnvironmentId = environmentId, Name = request.Name, IsSecret = secret, CreatedAt = now, UpdatedAt = now,
        };
        Set(made, request.Value);
        var taken = await db.EnvironmentValues.AnyAsync(x => x.EnvironmentId == environmentId && x.Name == request.Name, ct) ? Duplicate(request.Name) : null;
        var refusal = taken ?? await db.Commit(
            () =>
            {
                db.EnvironmentValues.Add(made);
                db.Record(caller, $"{Word(secret)}.create", made.Id, environmentId, made.Name);
            },
            Duplicate(made.Name), ct);
        return refusal is null ? made : refusal;
    }

    public async Task<Result<EnvironmentValue>> Change(Guid id, Patch<ValueChange> patch, bool secret, Caller caller, CancellationToken ct)
    {
        var found = await Find(id, secret, ct);
        if (found is null)
        {
            return Refusal.NotFound(Word(secret), id);
        }

        if (!patch.Gives(nameof(ValueChange.Value)))
        {
            return found;
        }

        var refusal = CheckValue(patch.Body.Value, secret) ?? await db.Commit(
            () =>
            {
                Set(found, patch.Body.Value);
                found.UpdatedAt = DateTime.UtcNow;
                db.Record(caller, $"{Word(secret)}.update", id, found.EnvironmentId, found.Name);
            },
            null, ct);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid id, bool secret, Caller caller, CancellationToken ct)
    {
        var found = await Find(id, secret, ct);
        return found is null
            ? Refusal.NotFound(Word(secret), id)
            : await db.Commit(
                () =>
                {
                    db.EnvironmentValues.Remove(found);
                    db.Record(caller, $"{Word(secret)}.delete", id, found.EnvironmentId, found.Name);
                },
                null, ct);
    }

    private static string Word(bool secret) => secret ? "secret" : "variable";

    private static Refusal? CheckName(string name) =>
        ValueNames.BuiltIn.Contains(name) ? Refusal.Invalid("name", "is built in, and differs from target to target.")
        : ValueNames.IsName(name) ? null
        : Refusal.Invalid("name", $"must be a letter or «_», then letters, digits or «_»: at most {ValueNames.Longest}.");

    private static Refusal? CheckValue(string value, bool secret) =>
        secret && value.Length == 0 ? Refusal.Invalid("value", "must not be empty.")
        : Encoding.UTF8.GetByteCount(value) > LargestBytes ? Refusal.Invalid("value", "must not be larger than 64 KiB.")
        : null;

    private void Set(EnvironmentValue value, string text)
    {
        if (value.IsSecret)
        {
            value.Sealed = box.Seal(text);
        }
        else
        {
            value.Value = text;
        }
    }

    private Task<EnvironmentValue?> Find(Guid id, bool secret, CancellationToken ct) =>
        db.EnvironmentValues.FirstOrDefaultAsync(x => x.Id == id && x.IsSecret == secret, ct);

    private static Refusal Duplicate(string name) => Refusal.Duplicate("variable or secret", name, "in this environment");
}
