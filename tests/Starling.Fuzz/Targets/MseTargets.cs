using Starling.Core.Wire.Mse;
using Starling.Fuzz.Engine;
using Starling.Fuzz.Targets.Machines;

namespace Starling.Fuzz.Targets;

internal static class MseTargets
{
    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "mse-responder",
            Covers = [typeof(MseResponder), typeof(MseHandshake), typeof(MseRandomness), typeof(MseKeyExchange)],
            Shape = InputShape.Script,
            Encodes = false,
            MaxSize = 2048,
            Seeds = MseScript.SeedsOfInitiators,
            Start = () => new MseScript(isResponder: true).Run,

            // Two conversations, each with what waits and the ciphers.
            FixedAllocation = 64 * 1024,
            QuickInputs = 1_000,
        },
        new()
        {
            Name = "mse-initiator",
            Covers = [typeof(MseInitiator), typeof(MseHandshake)],
            Shape = InputShape.Script,
            Encodes = false,
            MaxSize = 2048,
            Seeds = MseScript.SeedsOfResponders,
            Start = () => new MseScript(isResponder: false).Run,
            FixedAllocation = 64 * 1024,
            QuickInputs = 1_000,
        },
    ];
}
