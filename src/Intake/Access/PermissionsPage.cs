using System.Text;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Tokens;

namespace DeployHub.Intake.Access;

/// <summary>The page <c>docs/permissions.md</c>, made from the <see cref="AccessTable"/>.</summary>
public static class PermissionsPage
{
    private const string Head = """
        # Who may do what

        This page is made from the table that the server itself goes by (`src/Intake/Access/AccessTable.cs`); a test holds it to it. After a change:
        `DEPLOYHUB_WRITE_DOCS=1` makes that test write the page anew.

        A caller is a **token** of an **account**. It may do what both may: its role is the lower one of the two, its environments are those of both.
        Roles: `viewer` < `operator` < `admin`; each includes the ones before it. How to make accounts and tokens: [api.md](api.md#accounts-tokens-and-roles).

        | Scope | What it means for a token that is limited to environments |
        |---|---|
        | open | no token is needed |
        | global | 403 `FORBIDDEN_SCOPE`: only for tokens that see all environments |
        | listed | the answer holds what the token sees, and nothing else |
        | in the body | 403 `FORBIDDEN_SCOPE` when the body names something that the token does not see |
        | environment, server, … | 404 `NOT_FOUND` unless the object lies in an environment that the token sees: the same answer as for an id that does not exist |

        What is checked first: the token (401), its rate (429), the role (403 `FORBIDDEN_ROLE`), the scope, and only then the rest of the request. What belongs to
        an object in the path (a deployment of a service, a version of a file) is found through that object alone, so that the ids of others lead nowhere.

        An `admin` of one environment can register a Docker Engine there, and a Docker Engine gives root on its host to whoever may run containers on it. Such a
        token is limited in what it sees of DeployHub; it is not kept from a host that the workers can reach.

        """;

    public static string Text { get; } = Write();

    private static string Write()
    {
        var page = new StringBuilder(Head).Append('\n');
        Table(page.Append("## Routes\n\n"), "Route", AccessTable.Routes);
        Table(
            page.Append("\n## Commands of the queue\n\nThe account is the one whose `brokerUser` sent the command.\n\n"), "Command", AccessTable.Commands);
        return page.ToString();
    }

    private static void Table(StringBuilder page, string first, IEnumerable<AccessRow> rows)
    {
        page.Append("| ").Append(first).Append(" | Role | Scope | In the audit log |\n|---|---|---|---|\n");
        foreach (var row in rows)
        {
            page.Append("| `").Append(row.Name).Append("` | ").Append(row.Role is { } role ? $"`{role.Word()}`" : "none").Append(" | ").Append(WordOf(row))
                .Append(" | ").Append(row.Role is null ? "" : $"`{row.Action}`").Append(" |\n");
        }
    }

    private static string WordOf(AccessRow row) => row.Scope switch
    {
        Scope.OfObject => row.Noun!.Value.Word().Replace('_', ' '),
        Scope.InBody => "in the body",
        _ => row.Scope.Word(),
    };
}
