using System.IO.Pipelines;
using System.Text;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public class OutputTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Frames_of_both_streams_come_out_in_their_order()
    {
        var output = new OutputTail(100);

        await OutputFrames.CopyFramed(new MemoryStream([.. Frame(1, "one\n"), .. Frame(2, "two\n"), .. Frame(1, ""), .. Frame(1, "three\n")]), output, Ct);

        Assert.Equal("one\ntwo\nthree\n", output.ToString());
        Assert.False(output.Truncated);
    }

    [Fact]
    public async Task Frames_cut_anywhere_by_the_network_come_out_whole()
    {
        byte[] sent = [.. Frame(1, "one\n"), .. Frame(2, "two\n")];
        var pipe = new Pipe();
        var output = new OutputTail(100);
        var copied = OutputFrames.CopyFramed(pipe.Reader.AsStream(), output, Ct);

        foreach (var one in sent)
        {
            await pipe.Writer.WriteAsync(new[] { one }, Ct);
        }

        await pipe.Writer.CompleteAsync();
        await copied;
        Assert.Equal("one\ntwo\n", output.ToString());
    }

    [Theory]
    [InlineData(5)]
    [InlineData(10)]
    public async Task An_end_inside_a_frame_is_a_loss(int length)
    {
        var cut = Frame(1, "hello").AsMemory(0, length).ToArray();

        await Assert.ThrowsAsync<EndOfStreamException>(() => OutputFrames.CopyFramed(new MemoryStream(cut), new OutputTail(100), Ct));
    }

    [Fact]
    public async Task Raw_output_is_not_mistaken_for_frames() =>
        await Assert.ThrowsAsync<EngineProtocolException>(() => OutputFrames.CopyFramed(new MemoryStream("plain text"u8.ToArray()), new OutputTail(100), Ct));

    [Fact]
    public async Task The_engines_own_failure_inside_the_output_is_an_error()
    {
        var failed = await Assert.ThrowsAsync<EngineServerException>(() => OutputFrames.CopyFramed(new MemoryStream(Frame(3, "log is corrupt")), new OutputTail(100), Ct));

        Assert.Contains("log is corrupt", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(100)]
    public void A_tail_keeps_the_last_bytes_however_they_come(int step)
    {
        var all = Encoding.ASCII.GetBytes("0123456789abcdefghij");
        var tail = new OutputTail(7);

        for (var at = 0; at < all.Length; at += step)
        {
            tail.Write(all.AsSpan(at, Math.Min(step, all.Length - at)));
        }

        Assert.Equal(("defghij", true), (tail.ToString(), tail.Truncated));
    }

    [Fact]
    public void A_tail_that_is_just_full_is_whole()
    {
        var tail = new OutputTail(4);

        tail.Write("abcd"u8);

        Assert.Equal(("abcd", false), (tail.ToString(), tail.Truncated));
    }

    [Fact]
    public void A_character_cut_at_the_beginning_is_left_out()
    {
        var tail = new OutputTail(6);

        tail.Write("xx€abcd"u8);

        Assert.Equal("abcd", tail.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(100)]
    public void Lines_come_out_whole_however_their_bytes_come(int step)
    {
        byte[] all = [.. "größer\r\n\n12345678\n"u8, 0xFF, .. "x\n123456😀\nrest"u8];
        var lines = new OutputLines(7);
        var read = new List<string>();

        for (var at = 0; at < all.Length; at += step)
        {
            read.AddRange(lines.Write(all.AsSpan(at, Math.Min(step, all.Length - at))));
        }

        Assert.Equal(["größer", "", "1234567", "\uFFFDx", "123456"], read);
        Assert.Equal("rest", lines.Rest());
        Assert.Null(lines.Rest());
    }

    private static byte[] Frame(byte stream, string text) => [stream, 0, 0, 0, 0, 0, 0, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
