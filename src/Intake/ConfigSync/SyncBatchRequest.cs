using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace DeployHub.Intake.ConfigSync;

/// <summary>Which config files to bring to their hosts as one unit.</summary>
public record SyncBatchRequest
{
    public const int MostOperations = 50;
    public const string ConfigFileSync = "config-file-sync";

    [Description("1 to 50 operations, done in this order.")]
    [Length(1, MostOperations)]
    public required List<SyncOperationRequest> Operations { get; init; }

    [Description("Bring every host back to what it held before when one target fails.")]
    [DefaultValue(true)]
    public bool RollbackOnFailure { get; init; } = true;

    internal static string Field(int index) => $"operations[{index}].configFileId";

    internal IEnumerable<Refusal> Problems()
    {
        if (Operations.Count is 0 or > MostOperations)
        {
            yield return Refusal.Invalid("operations", $"must be 1 to {MostOperations} operations; there are {Operations.Count}.");
        }

        var seen = new HashSet<Guid>();
        for (var i = 0; i < Operations.Count; i++)
        {
            if (Operations[i] is not { } operation)
            {
                yield return Refusal.Invalid($"operations[{i}]", "must be an object.");
            }
            else if (operation.Type != ConfigFileSync)
            {
                yield return Refusal.Invalid($"operations[{i}].type", $"must be «{ConfigFileSync}».");
            }
            else if (operation.ConfigFileId.Length == 0)
            {
                yield return Refusal.Invalid(Field(i), "must not be empty.");
            }
            else if (Guid.TryParse(operation.ConfigFileId, out var id) && !seen.Add(id))
            {
                yield return Refusal.Invalid(Field(i), "is in the batch already.", "A file goes to all its targets in one operation.");
            }
        }
    }
}

public record SyncOperationRequest
{
    [Description("What is done.")]
    [AllowedValues(SyncBatchRequest.ConfigFileSync)]
    public required string Type { get; init; }

    [Description("The config file to bring to all its targets.")]
    [MinLength(1)]
    public required string ConfigFileId { get; init; }
}

/// <summary>How to bring one config file to its hosts.</summary>
public record SyncFileRequest
{
    [Description("Bring every host back to what it held before when one target fails.")]
    [DefaultValue(true)]
    public bool RollbackOnFailure { get; init; } = true;
}
