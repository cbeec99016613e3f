using DeployHub.Domain.ConfigFiles;
using Xunit;

namespace DeployHub.Unit.ConfigFiles;

public class MaskedDiffTests
{
    [Fact]
    public void Secrets_are_hidden_wherever_they_stand_also_overlapping_and_over_lines() => Assert.Equal(
        ["a ••• b", "••••••", "x", "•••", "•••z", "•••"],
        new SecretMask(["s3cret", "cretin", "one\ntwo", "aba", ""]).Lines("a s3cretin b\ns3crets3cret\nx\none\ntwoz\nababa").ConvertAll(line => line.Shown));

    [Fact]
    public void The_same_is_no_difference() => Assert.Equal("", Diff("a\n", "a\n"));

    [Fact]
    public void A_new_file_is_all_additions() => Assert.Equal("--- /dev/null\n+++ wanted:/opt/f\n@@ -0,0 +1,2 @@\n+a\n+b\n", Diff(null, "a\nb\n"));

    [Fact]
    public void A_change_stands_between_three_lines_of_context() => Assert.Equal(
        "--- host:/opt/f\n+++ wanted:/opt/f\n@@ -3,7 +3,7 @@\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n 9\n",
        Diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "1\n2\n3\n4\n5\nsix\n7\n8\n9\n10\n"));

    [Fact]
    public void Changes_far_apart_are_hunks_of_their_own()
    {
        var lines = Enumerable.Range(1, 30).Select(x => $"{x}").ToList();
        var changed = lines.Select(x => x is "2" or "28" ? x + "!" : x);
        var diff = Diff(string.Join('\n', lines) + "\n", string.Join('\n', changed) + "\n")!;
        Assert.Contains("@@ -1,5 +1,5 @@\n", diff, StringComparison.Ordinal);
        Assert.Contains("@@ -25,6 +25,6 @@\n", diff, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_last_newline_and_other_line_ends_are_differences()
    {
        Assert.Equal("--- host:/opt/f\n+++ wanted:/opt/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", Diff("a", "a\n"));
        Assert.Contains("-a\r\n+a\n", Diff("a\r\n", "a\n"), StringComparison.Ordinal);
        Assert.Equal("--- host:/opt/f\n+++ wanted:/opt/f\n@@ -1 +0,0 @@\n-a\n", Diff("a\n", ""));
    }

    [Fact]
    public void A_changed_secret_is_seen_to_change_without_being_seen()
    {
        var diff = Diff("user=x\npassword=0ldpass\n", "user=x\npassword=n3wpass\n", "n3wpass")!;
        Assert.Contains("-password=•••\n+password=•••\n", diff, StringComparison.Ordinal);
        Assert.DoesNotContain("0ldpass", diff, StringComparison.Ordinal);
        Assert.DoesNotContain("n3wpass", diff, StringComparison.Ordinal);
    }

    [Fact]
    public void What_stood_where_a_secret_is_to_stand_is_hidden_whatever_it_is()
    {
        var diff = Diff("a\nsome 0ldpass line\nb\n", "a\nn3wpass\nb\n", "n3wpass")!;
        Assert.DoesNotContain("0ldpass", diff, StringComparison.Ordinal);
        Assert.Contains("-•••\n+•••\n", diff, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_the_host_still_holds_is_hidden_where_it_is_removed() =>
        Assert.Contains("-token •••\n", Diff("a\ntoken abc\n", "a\n", "abc"), StringComparison.Ordinal);

    [Fact]
    public void Very_long_files_are_not_compared() => Assert.Null(Diff(new string('\n', 15_000), new string('\n', 15_001)));

    private static string? Diff(string? before, string after, params string[] secrets) => MaskedDiff.Unified("/opt/f", before, after, new SecretMask(secrets));
}
