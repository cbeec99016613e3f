using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Accounts;

/// <summary>The environments that an account or a token is limited to.</summary>
internal static class EnvironmentLists
{
    private const string Field = "environmentIds";
    private const int Most = 200;

    /// <summary>Why the list cannot be; null for all environments.</summary>
    public static async Task<Refusal?> Check(this DeployHubDb db, List<Guid>? ids, CancellationToken ct)
    {
        if (ids is null)
        {
            return null;
        }

        if (ids.Count is 0 or > Most)
        {
            return Refusal.Invalid(Field, $"must be 1 to {Most} environments; there are {ids.Count}.", "Leave it out, or give null, for all of them.");
        }

        var known = await db.Environments.Where(x => ids.Contains(x.Id)).Select(x => x.Id).ToListAsync(ct);
        for (var i = 0; i < ids.Count; i++)
        {
            if (!known.Contains(ids[i]))
            {
                return Refusal.Invalid($"{Field}[{i}]", "names no environment.", "GET /api/environments lists them.");
            }

            if (ids.IndexOf(ids[i]) < i)
            {
                return Refusal.Invalid($"{Field}[{i}]", "is in the list already.");
            }
        }

        return null;
    }

    /// <summary>Why a token cannot be for these environments when its account is for <paramref name="accounts"/>.</summary>
    public static Refusal? CheckWithin(List<Guid>? ids, List<Guid>? accounts) =>
        ids is null || accounts is null || ids.FindIndex(id => !accounts.Contains(id)) is not (>= 0 and var index)
            ? null
            : Refusal.Invalid($"{Field}[{index}]", "is not among the account's environments.", "Change the account first, or leave it out.");
}
