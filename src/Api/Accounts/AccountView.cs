using System.ComponentModel;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;

namespace DeployHub.Api.Accounts;

internal sealed record AccountAnswer(AccountView Account);

internal sealed record AccountList(List<AccountView> Accounts, string? NextCursor);

internal sealed record AccountView(
    Guid Id,
    string Name,
    [property: Description("What its tokens may do at most.")] Role Role,
    [property: Description("The environments that it sees; null: all of them.")] List<Guid>? EnvironmentIds,
    [property: Description("The broker's user whose commands count as this account's.")] string? BrokerUser,
    [property: Description("Nothing of it is accepted.")] bool Disabled,
    DateTime? DisabledAt,
    DateTime CreatedAt)
{
    public static AccountView Of(Account x) => new(x.Id, x.Name, x.Role, x.EnvironmentIds, x.BrokerUser, x.DisabledAt is not null, x.DisabledAt, x.CreatedAt);
}
